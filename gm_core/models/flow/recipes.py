"""How the flows are trained, and why so.

RealNVP's was run to its end; those of NICE and Glow take its rates over, and were not yet.

Trials of RealNVP, of two minutes of one core each: batches of 16 do as much in two minutes as batches of 32 in three;
wider networks do at least as well in equal time; twice as many couplings of half the depth do no better. The gradient's
norm is some thousands of nats, so clipping at 1 makes every step one of fixed length, which AdamW rescales.
"""

from gm_core.models.flow.glow import GlowConfig
from gm_core.models.flow.nice import NICEConfig
from gm_core.models.flow.realnvp import RealNVPConfig
from gm_core.models.recipe import Recipe

RECIPES: tuple[Recipe, ...] = (
    Recipe(
        name="mnist-realnvp",
        dataset="mnist",
        model=RealNVPConfig(couplings=(6, 6), widths=(64, 80), blocks=2),
        steps=40_000,
        batch=16,
        learning_rate=3e-3,
        decay=0.6,
    ),
    Recipe(
        name="mnist-nice",
        dataset="mnist",
        model=NICEConfig(couplings=(6,), widths=(64,), blocks=2),
        steps=12_000,
        batch=16,
        learning_rate=3e-3,
        decay=0.6,
    ),
    Recipe(
        name="mnist-glow",
        dataset="mnist",
        model=GlowConfig(couplings=(6, 6), widths=(64, 80), blocks=2),
        steps=16_000,
        batch=16,
        learning_rate=3e-3,
        decay=0.6,
    ),
)
