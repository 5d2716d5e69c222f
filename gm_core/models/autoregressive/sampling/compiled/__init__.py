"""The residual PixelCNN's sampler in machine code: weights packed for it, its kernels, and what calls them."""
