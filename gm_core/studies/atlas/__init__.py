"""Atlases: where pictures lie in a latent space, and which directions there change what can be measured of them."""
