"""Providers (服务商): companies whose people visit shops, what these people learnt, and which grids are theirs."""

from yongquan.merchants.providers.model import (
    NewProvider,
    NewSurveyor,
    Provider,
    ProviderState,
    Surveyor,
)

__all__ = ["NewProvider", "NewSurveyor", "Provider", "ProviderState", "Surveyor"]
