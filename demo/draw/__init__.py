"""The tab where pictures appear pixel by pixel."""

from demo.base.tabs import Tab
from demo.draw.tab import build

TAB = Tab("draw", "Draw: PixelCNN", build)
