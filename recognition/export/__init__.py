"""Writing a network for other programs: ONNX, TorchScript, safetensors."""
