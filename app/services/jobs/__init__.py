"""Long work (công việc chạy nền): taken in whole, done piece by piece, whatever becomes of the worker."""
