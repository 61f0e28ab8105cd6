"""The joint announcement (联合公告) against scalping: its versions, and who accepted which."""
