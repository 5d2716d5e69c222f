"""One visual language: colours with one meaning on every tab, in light and in dark, and the system's own fonts."""

import gradio as gr

TEAL, ORANGE = "#0f9d94", "#e07b1a"
"""Reasonable, unreasonable: also colour-blind users can tell these apart, unlike red and green."""

MAGMA = ("#000004", "#180f3d", "#440f76", "#721f81", "#9e2f7f", "#cd4071", "#f1605d", "#fd9668", "#feca8d", "#fcfdbf")
"""Anchors of the magma colour map (S. van der Walt and N. Smith, CC0), evenly spaced from low to high."""

VIRIDIS = ("#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725")
"""Anchors of the viridis colour map (same authors, CC0): for entropy, so that it is not confused with surprise."""

CLASS_COLORS = (
    "#4e79a7", "#f28e2b", "#76b7b2", "#b07aa1", "#edc948", "#59a14f", "#ff9da7", "#9c755f", "#8a8f98", "#d37295",
)  # fmt: skip
"""One colour per class, the same on every tab."""

SYSTEM_FONT = ["ui-sans-serif", "system-ui", "sans-serif"]
SYSTEM_MONO = ["ui-monospace", "Consolas", "monospace"]

THEME = gr.themes.Base(
    primary_hue="teal",
    secondary_hue="teal",
    neutral_hue="slate",
    font=SYSTEM_FONT,
    font_mono=SYSTEM_MONO,
    radius_size="md",
).set(  # the theme's own subdued grey and white on light teal are too faint for a projector
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_600",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover_dark="*primary_600",
    link_text_color="*primary_700",
    link_text_color_hover="*primary_600",
    link_text_color_active="*primary_700",
    link_text_color_visited="*primary_700",
    link_text_color_dark="*primary_300",
    link_text_color_hover_dark="*primary_200",
    link_text_color_active_dark="*primary_300",
    link_text_color_visited_dark="*primary_300",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_300",
    block_info_text_size="*text_md",
    checkbox_label_background_fill_selected="*primary_700",
    checkbox_label_text_color_selected="white",
    checkbox_label_background_fill_selected_dark="*primary_700",
    checkbox_background_color_selected="*primary_700",
    checkbox_background_color_selected_dark="*primary_700",
    slider_color="*primary_700",
    button_large_text_weight="500",  # that of the buttons in our own components
    button_medium_text_weight="500",
)

CSS = """
.html-container:has(> * > .lab-hint) { padding-top: 0 !important; padding-bottom: 0 !important; }
.gradio-container .prose .lab-hint { font-size: 1.05rem; margin: 0; }
.lab-hint b { color: var(--primary-700); }
.dark .lab-hint b { color: var(--primary-300); }
@media (min-width: 641px) { button[role="tab"] { font-size: 1rem !important; } }
.gradio-container button[role="tab"][aria-selected="true"] { color: var(--primary-700); font-weight: 600; }
.dark .gradio-container button[role="tab"][aria-selected="true"] { color: var(--primary-300); }
.lab-note { color: var(--body-text-color-subdued); font-size: .9rem; }
input:is([type="checkbox"], [type="radio"], [type="range"]):focus-visible {
  outline: 3px solid var(--primary-500) !important; outline-offset: 2px;
}
.block.opening { position: absolute; z-index: 2; width: auto !important; min-width: 0 !important; }
.block.opening:has(.message) { position: static; }
.opening .message { margin: 0; font-weight: 600; color: var(--error-icon-color); }
.opening[data-waiting]::after {
  content: "Loading …"; position: fixed; left: 50%; bottom: 24px; translate: -50%; padding: 6px 16px;
  border-radius: 6px; border: 1px solid var(--border-color-primary); animation: opening 1s;
  background: var(--background-fill-secondary); color: var(--body-text-color-subdued);
}
@keyframes opening { 0%, 50% { opacity: 0; } }  /* nothing flashes where it takes no time */
.lab-number { font-variant-numeric: tabular-nums; }
footer { display: none !important; }
@media (max-width: 640px) {
  button, label:has(> input[type="radio"]), label:has(> input[type="checkbox"]) { min-height: 40px; }
  button.label-wrap { align-items: center; }
  .tab-like-container, .block input[type="range"] { height: 40px; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
"""
