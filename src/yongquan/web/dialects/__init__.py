"""Wire formats that others already speak, beside the native API."""
