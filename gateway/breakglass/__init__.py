"""Break-glass: declared, used, noticed, reviewed; what is overdue escalates by itself."""
