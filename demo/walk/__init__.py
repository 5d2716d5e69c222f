"""The tab for moving through a latent space."""

from demo.base.tabs import Tab
from demo.walk.tab import build

TAB = Tab("walk", "Walk: VAE", build)
