"""Value-added services (增值服务): what shops ask for out of the published catalogue, and what they are answered."""
