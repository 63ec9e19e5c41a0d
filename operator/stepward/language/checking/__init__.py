"""Static checks of a parsed workflow (language.md 1.6): names, calls, jumps, and likely mistakes."""
