//! What the health pane says.
