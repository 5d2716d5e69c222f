"""How fast sampling, latent spaces and training are on this machine."""
