"""autoregressive."""
