"""The frame around an e-mail that was built from blocks: brand, type and the dark, in one place."""

HEAD = """
  <mj-head>
    <mj-title>{{ subject }}</mj-title>
    <mj-preview>{{ preheader }}</mj-preview>
    <mj-raw>
      <meta name="color-scheme" content="light dark" />
      <meta name="supported-color-schemes" content="light dark" />
    </mj-raw>
    <mj-attributes>
      <mj-all font-family="{{ brand.font }}" />
      <mj-text css-class="ink" font-size="16px" line-height="1.55" color="#1f2a2c" padding="8px 0" />
      <mj-section css-class="sheet" padding="8px 32px" background-color="#ffffff" />
      <mj-column padding="0" />
      <mj-image padding="8px 0" />
      <mj-divider css-class="line" border-width="1px" border-color="#e3e8e8" padding="16px 0" />
      <mj-button css-class="go" background-color="{{ brand.accent }}" color="{{ brand.on_accent }}" font-size="16px" font-weight="600" border-radius="8px" inner-padding="14px 28px" padding="12px 0" />
    </mj-attributes>
    <mj-style>
      a { color: {{ brand.link }}; }
      h1, h2 { margin: 0; line-height: 1.2; font-weight: 600; letter-spacing: -0.01em; }
      h1 { font-size: 28px; }
      h2 { font-size: 20px; }
      .pic { display: block; width: 100%; max-width: 100%; height: auto; border: 0; border-radius: 8px; }
      .thing a { color: inherit; text-decoration: none; }
      .was { opacity: 0.6; }
      @media only screen and (max-width: 480px) { h1 { font-size: 24px !important; } }
      @media (prefers-color-scheme: dark) {
        body, .page, .page > table { background-color: #101617 !important; }
        .sheet, .sheet > table { background-color: #1a2223 !important; }
        .ink div, .ink p, .ink h1, .ink h2, .ink td, .ink th { color: #eef3f3 !important; }
        .soft div, .soft td, .soft th, .soft p { color: #a9b7b8 !important; }
        .line p { border-top-color: #334042 !important; }
        .box td { border-color: #7f8f91 !important; }
        a { color: {{ brand.link_dark }} !important; }
        .thing a { color: inherit !important; }
        .go td, .go a { background-color: {{ brand.link_dark }} !important; color: {{ brand.on_link_dark }} !important; }
      }
    </mj-style>
  </mj-head>
"""  # noqa: E501 attributes of MJML stay on their element's line
BODY = '<mj-body background-color="#f3f6f6" css-class="page">'
