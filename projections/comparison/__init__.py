"""Two runs side by side: what was run differently, where they part first, and what that cost."""
