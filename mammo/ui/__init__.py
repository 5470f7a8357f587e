"""The app's parts: frame, words, pictures, figures, results. The only package that meets Streamlit.

`app.py` and the files in `pages/` call these; nothing else in mammo does. `words`, `display`,
`figures`, `region` and `table` know nothing of Streamlit and are tested as plain functions.
"""
