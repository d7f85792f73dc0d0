"""The ffmpeg program: which one, how it is run, and the recipes that tell it what to make."""
