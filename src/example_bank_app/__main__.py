"""`python -m example_bank_app`: serve the bank's app until Ctrl-C."""

import argparse
from pathlib import Path

import uvicorn

from example_bank_app.pages import Bank, make_app
from example_bank_app.platform import Platform, read_key
from example_bank_app.store import Store


def main() -> None:
    """Read the options, serve."""
    options = argparse.ArgumentParser(prog="example_bank_app", description=__doc__)
    options.add_argument("--platform", required=True, help="address of the voucher platform")
    options.add_argument("--key-id", required=True, help="the id under which the bank's public key is registered")
    options.add_argument("--key", type=Path, required=True, help="the bank's ed25519 private key, PEM")
    options.add_argument("--webhook-secret", type=Path, help="file with the secret of the bank's callbacks")
    options.add_argument("--store", type=Path, default=Path("example-bank.sqlite"), help="the bank's own store")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8100)
    given = options.parse_args()

    def webhook_secret() -> str:
        if given.webhook_secret is None or not given.webhook_secret.exists():
            return ""
        return str(given.webhook_secret.read_text()).strip()

    platform = Platform(given.platform, key_id=given.key_id, key=read_key(given.key))
    bank = Bank(platform, Store(given.store), webhook_secret=webhook_secret)
    uvicorn.run(make_app(bank), host=given.host, port=given.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
