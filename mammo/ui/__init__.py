"""The app's parts, the only package that meets Streamlit: `kit`, and above it one package a page.

`app.py` and the files in `pages/` call these; nothing else in mammo does.
"""
