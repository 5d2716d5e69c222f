"""The tab where noise becomes a picture, step by step."""

from demo.base.tabs import Tab
from demo.noise.tab import build
from demo.shared.models import Models

TAB = Tab[Models]("noise", "Noise", build)
