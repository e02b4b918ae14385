"""Official forms (biểu mẫu thống kê) of the circulars: definitions as data, filled from the books."""
