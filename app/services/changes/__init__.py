"""The change feed (luồng thay đổi): every change once, in order, without gaps, for those who may see it."""
