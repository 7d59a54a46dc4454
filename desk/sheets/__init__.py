"""Spreadsheets: templates, import, export; xlsx and csv."""
