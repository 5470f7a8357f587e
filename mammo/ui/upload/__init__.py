"""The page Upload and classify: a film with a box, or many crops as a table."""
