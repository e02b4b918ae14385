"""Periods (kỳ báo cáo): closing months, freezing reports of all units, and who has sent their figures."""
