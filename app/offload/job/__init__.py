"""An offload from its first pass to its verdict: pulled drives, cascades, manifests, repair."""
