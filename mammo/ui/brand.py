"""The app's mark: a breast in outline, a lesion, and the window that the models see.

Carried as text, so that no page fetches an icon from another server.
"""

MARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">'
    '<rect width="64" height="64" rx="14" fill="#12343B"/>'
    '<path d="M8 10C40 10 53 23 53 32S40 54 8 54Z" fill="#A9C3C9"/>'
    '<rect x="23" y="22" width="20" height="20" fill="none" stroke="#F0E442" stroke-width="3.5"/>'
    '<circle cx="33" cy="32" r="5.5" fill="#FFFFFF"/>'
    "</svg>"
)
