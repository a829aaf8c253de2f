"""The design system's Python side: navigation, icons, states, form rendering, template tags."""
