"""The parts of the page Dataset explorer: filters, charts, gallery, case, preview, leak check."""
