"Self-supervised learning for ultrasound video."
__version__ = "0.1.0"
