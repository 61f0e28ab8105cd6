"""The wire format of UnionPay ACP 5.1.0: gate.py is its table and its edge, one module a family of flows."""
