"""The live page: what a partner's rep sees, built on the public API alone.

index.html, page.css, *.js   the page as the browser loads it; nothing is built, nothing needs Node
texts.js                     every word of it, English and French
documents.js                 every GraphQL document of it
shop_texts.js, shop_documents.js, shop.css   the same of the shop
vendor/, fonts/              other people's files, see LICENSES.txt
pages.py                     the routes that serve them
"""
