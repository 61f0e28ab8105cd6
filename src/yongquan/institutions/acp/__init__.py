"""What the UnionPay ACP 5.1.0 wire format needs beside HTTP: signatures, nested values, transactions, opened cards."""
