// The look of a form inside its shadow root.

export const CSS = `
:host{all:initial;display:block;color-scheme:light}
*{box-sizing:border-box}
.form{position:relative;max-width:26rem;margin:0 auto;padding:1.75rem;border-radius:12px;background:#fff;
color:#1b1f23;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;text-align:left}
:host([data-framed]) .form{border:1px solid #d8dcdf}
img{display:block;margin:0 0 1rem;height:auto;max-width:100%}
h2{margin:0;padding-right:2rem;font-size:1.375rem;line-height:1.25;font-weight:650;letter-spacing:-.01em}
h2:focus{outline:0}
p{margin:.5rem 0 0;overflow-wrap:anywhere}
form{display:grid;gap:1rem;margin:1.25rem 0 0}
label,legend{display:block;padding:0;font-size:.875rem;font-weight:550}
fieldset{margin:0;padding:0;border:0;min-width:0}
.soft{color:#57606a;font-weight:400}
input:not([type=radio],[type=checkbox]){display:block;width:100%;min-height:2.75rem;margin-top:.25rem;
padding:.5rem .75rem;border:1px solid #868e96;border-radius:8px;background:#fff;color:inherit;font:inherit}
input[aria-invalid=true]{border-color:#b42318}
.option{display:flex;gap:.625rem;align-items:flex-start;min-height:2rem;padding:.25rem 0;font-weight:400;
font-size:.9375rem;cursor:pointer}
.option input{flex:none;width:1.125rem;height:1.125rem;margin:.1875rem 0 0;accent-color:var(--link)}
.wrong{margin:.25rem 0 0;color:#b42318;font-size:.875rem}
.agreed{display:contents}
.small{margin:0;color:#57606a;font-size:.8125rem;line-height:1.45}
button{font:inherit;cursor:pointer}
.send{min-height:3rem;padding:.625rem 1rem;border:0;border-radius:8px;background:var(--accent);
color:var(--on-accent);font-weight:600}
.send[aria-disabled=true]{opacity:.7;cursor:progress}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.trap{position:absolute;left:-9999px;width:1px;height:1px;overflow:hidden}
.code{display:inline-block;margin-top:1rem;padding:.625rem 1rem;border:1px dashed #868e96;border-radius:8px;
font:600 1.125rem ui-monospace,monospace;user-select:all;overflow-wrap:anywhere}
.close{position:absolute;top:.75rem;right:.75rem;width:2.75rem;height:2.75rem;border:0;border-radius:50%;
background:0;color:#57606a;font-size:1.5rem;line-height:1}
.close:hover{background:#f1f3f4}
dialog{border:0;padding:0;background:0;width:min(26rem,calc(100vw - 2rem));max-height:calc(100dvh - 2rem);
border-radius:12px;box-shadow:0 12px 48px rgb(0 0 0/.28);overflow:auto}
dialog::backdrop{background:rgb(15 20 25/.55)}
dialog.corner{position:fixed;inset:auto 1rem 1rem auto;margin:0;z-index:2147483000}
dialog.still{position:fixed;z-index:1}
dialog.still:not(.corner){inset:0;margin:auto;height:fit-content}
.veil{position:fixed;inset:0;background:rgb(15 20 25/.55)}
@media (prefers-reduced-motion:no-preference){dialog{animation:in .15s ease-out}
@keyframes in{from{opacity:0;transform:translateY(8px)}}}`;
