//! How things look to people: texts, formats, ticket symbols, charts and the shared assets.
