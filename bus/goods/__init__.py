"""The goods file: a table of SKUs with their products, as spreadsheets write it."""
