// ReportPage: what the pages of reports have in common: one document that needs nothing else (no script, no image, no font from elsewhere),
// and how it looks: light, dark and on paper.

struct ReportPage {
    /// "Recovery drill report".
    let kind: String
    /// Of the browser's window, after the application's name.
    let subject: String
    let application: String
    let moment: String
    let main: HTMLText
    let footer: HTMLText

    var html: HTMLText {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>\(application): \(subject)</title>
        <style>\(html: ReportPage.sheet)</style>
        </head>
        <body>
        <header><p class="kind">\(kind)</p><h1>\(application)</h1><p class="when">\(moment)</p></header>
        <main>
        \(html: main)
        </main>
        \(html: footer)
        </body>
        </html>

        """
    }

    private static let sheet: HTMLText = """
        :root{--ink:#1b2430;--soft:#5b6775;--line:#e3e7ec;--paper:#fff;--ground:#f4f6f8;--good:#1a7f4b;--good-ground:#e7f5ed;--warn:#9a6200;--warn-ground:#fdf3df;\
        --bad:#b3261e;--bad-ground:#fcebea;--code:#eef1f5}
        @media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa6b4;--line:#2b3440;--paper:#171d25;--ground:#0f141a;--good:#5fd39a;--good-ground:#12291f;\
        --warn:#f0b95a;--warn-ground:#2c2210;--bad:#ff8a80;--bad-ground:#321615;--code:#222b36}}
        *{box-sizing:border-box}
        body{margin:0 auto;padding:2.5rem 1.25rem 3rem;max-width:48rem;background:var(--ground);color:var(--ink);\
        font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
        header{margin:0 .25rem 1.5rem}
        .kind{margin:0;color:var(--soft);font-size:.8rem;letter-spacing:.06em;text-transform:uppercase}
        h1{margin:.1rem 0 0;font-size:2rem;line-height:1.2;letter-spacing:-.01em;overflow-wrap:anywhere}
        .when{margin:.25rem 0 0;color:var(--soft)}
        section{margin:0 0 1rem;padding:1.25rem 1.5rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem}
        section>h2{margin:0 0 .75rem;font-size:1.1rem}
        h3{margin:0;font-size:1rem}
        section>h3{margin:1.25rem 0 .5rem}
        p{margin:0 0 .75rem}
        section>p:last-child,article p{margin-bottom:0}
        .verdict{display:flex;gap:1.1rem;align-items:center;padding:1.5rem;border-width:1px}
        .verdict h2{margin:0;font-size:1.4rem;line-height:1.25}
        .verdict p{margin:.25rem 0 0}
        .mark{flex:none;display:grid;place-items:center;width:3.25rem;height:3.25rem;border-radius:50%;color:var(--paper);font-size:1.75rem;font-weight:700;line-height:1}
        .verdict.good{background:var(--good-ground);border-color:var(--good)}.good .mark{background:var(--good)}.verdict.good h2{color:var(--good)}
        .verdict.warn{background:var(--warn-ground);border-color:var(--warn)}.warn .mark{background:var(--warn)}.verdict.warn h2{color:var(--warn)}
        .verdict.bad{background:var(--bad-ground);border-color:var(--bad)}.bad .mark{background:var(--bad)}.verdict.bad h2{color:var(--bad)}
        article{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1.2fr);gap:.15rem 1rem;padding:.9rem 0 .9rem 1.1rem;border-top:1px solid var(--line);position:relative}
        article:first-of-type{border-top:0;padding-top:.25rem}
        article::before{content:"";position:absolute;left:0;top:1rem;bottom:1rem;width:.25rem;border-radius:.25rem;background:var(--good)}
        article:first-of-type::before{top:.35rem}article:last-of-type{padding-bottom:.15rem}article:last-of-type::before{bottom:.25rem}
        article.bad::before{background:var(--bad)}
        .newest{font-size:.9rem;color:var(--soft);text-align:right}
        .newest strong{color:var(--ink);font-size:1rem}
        .detail{grid-column:1/-1;color:var(--soft);font-size:.925rem}
        .path{margin:0;color:var(--soft);font-size:.8rem;overflow-wrap:anywhere}
        .bar{height:.6rem;border-radius:.3rem;background:var(--line);overflow:hidden}
        .bar span{display:block;height:100%;background:var(--good)}
        .caption{margin:.4rem 0 0;color:var(--soft);font-size:.925rem}
        .steps{margin:0;padding-left:1.4rem}.steps li{margin:.3rem 0}
        .damage{margin:0;padding-left:1.2rem;color:var(--bad);font-size:.9rem;overflow-wrap:anywhere}
        table{width:100%;border-collapse:collapse;font-size:.925rem}
        th,td{padding:.35rem .75rem .35rem 0;text-align:left;border-bottom:1px solid var(--line)}
        th{color:var(--soft);font-weight:500}
        code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.85em}
        code{padding:.1em .35em;border-radius:.3em;background:var(--code)}
        pre{margin:0 0 .75rem;padding:.9rem 1rem;border-radius:.5rem;background:var(--code);white-space:pre-wrap;overflow-wrap:anywhere}
        .key{padding-left:.9rem;border-left:.25rem solid var(--warn)}.key span{color:var(--soft);overflow-wrap:anywhere}
        footer{margin:1.5rem .25rem 0;color:var(--soft);font-size:.85rem}
        dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.5rem 1.5rem;margin:0}
        dt{font-size:.75rem}dd{margin:0;color:var(--ink);overflow-wrap:anywhere}
        @media (max-width:34rem){article{grid-template-columns:1fr}.newest{text-align:left}.verdict{align-items:flex-start}}
        @media print{:root{--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--ground:#fff;--good:#1a7f4b;--good-ground:#fff;--warn:#9a6200;--warn-ground:#fff;--bad:#b3261e;\
        --bad-ground:#fff;--code:#f3f3f3}body{max-width:none;padding:0;font-size:11pt}section,article{break-inside:avoid}\
        .mark,.bar,.bar span,article::before{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
        """
}
