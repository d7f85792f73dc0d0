"""Names of colour codes by ITU-T H.273, as people in post-production say them."""

PRIMARIES = {
    1: "BT.709", 4: "BT.470 M", 5: "BT.601 PAL", 6: "BT.601 NTSC", 7: "SMPTE 240M", 8: "film",
    9: "BT.2020", 10: "SMPTE ST 428", 11: "DCI-P3", 12: "Display P3", 22: "EBU 3213",
}  # fmt: skip
LINEAR = "linear"
TRANSFERS = {
    1: "BT.709", 4: "gamma 2.2", 5: "gamma 2.8", 6: "BT.601", 7: "SMPTE 240M", 8: LINEAR,
    9: "log 100:1", 10: "log 316:1", 11: "xvYCC", 12: "BT.1361", 13: "sRGB", 14: "BT.2020 10 bit",
    15: "BT.2020 12 bit", 16: "PQ", 17: "SMPTE ST 428", 18: "HLG",
}  # fmt: skip
MATRICES = {
    0: "RGB", 1: "BT.709", 4: "FCC", 5: "BT.601 PAL", 6: "BT.601 NTSC", 7: "SMPTE 240M",
    8: "YCgCo", 9: "BT.2020", 10: "BT.2020 constant", 11: "SMPTE ST 2085", 14: "ICtCp",
}  # fmt: skip
RANGES = {1: "limited", 2: "full"}
