"""What stands on a Chinese page in English."""

import re

from playwright.sync_api import Page

NAMES = (
    r"PixelCNN\+\+|PixelCNN|VAE|MNIST|Fashion|CIFAR|Omniglot|log p\([^)]*\)|ELBO|IWAE|KL|GIF|PNG|AUROC|Bayes|logits?"
    r"|nats?|bits?|CPU|GPU|English|Esc|Shift|Ctrl|Alt|[xzpyTDnABLR√]|arXiv|px|ms|e[−+-]\d+|mnist[\w-]*|fashion[\w-]*|cifar[\w-]*"
)
"""Names and signs that stay as they are."""

TEXTS = """() => {
    const found = [], skip = "script, style, .katex, .language-en, .language-zh, code, [translate=no]";
    const isShown = (node) =>
        node.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && node.getClientRects().length;
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const node = walk.currentNode, parent = node.parentElement;
        if (node.data.trim() && !parent.closest(skip) && isShown(parent)) found.push(node.data);
    }
    const names = ["aria-label", "title", "placeholder", "alt"];
    for (const node of document.querySelectorAll(names.map((name) => `[${name}]`).join())) {
        if (node.closest(skip) || !isShown(node)) continue;
        for (const name of names) if (node.getAttribute(name)) found.push(node.getAttribute(name));
    }
    return found;
}"""


def untranslated(page: Page, allowed: str = "") -> list[str]:
    """The texts, labels and titles in sight that have Latin words, other than :data:`NAMES`.

    Args:
        page: A page in Chinese, at the view to look at.
        allowed: More names, as a regular expression.
    """
    names = f"{NAMES}|{allowed}" if allowed else NAMES
    pattern = re.compile(rf"(?<![A-Za-z])(?:{names})(?![A-Za-z])")
    texts = {" ".join(text.split()) for text in page.evaluate(TEXTS)}
    return sorted(text for text in texts if re.search(r"[A-Za-z]", pattern.sub("", text)))
