"""Figures, free of Streamlit: plain numbers in, a Plotly figure out; a file a topic."""
