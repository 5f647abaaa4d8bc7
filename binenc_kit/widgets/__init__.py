"""Widgets that live in the browser, with a kernel and without one."""
