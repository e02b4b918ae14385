"""Officers (chấp hành viên), verifiers and clerks: who serves where, in which rank, on any day."""
