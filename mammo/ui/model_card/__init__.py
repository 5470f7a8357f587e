"""The parts of the page Model card: models, data sheet, checklists, glossary."""
