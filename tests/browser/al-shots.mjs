import { chromium } from "@playwright/test";
const BASE="http://localhost:19080", APP=process.argv[2], TOKEN=process.argv[3];
const owner={name:"Ada Owner",email:"ada@example.com",password:"quiet-lantern-over-9-hills"};
let cookie;
if (TOKEN) { const r=await fetch(BASE+"/v1/setup",{method:"POST",headers:{"content-type":"application/json"},body:JSON.stringify({token:TOKEN,...owner})}); console.log(r.status); cookie=r.headers.get("set-cookie").split(";")[0]; (await import("node:fs")).writeFileSync("/tmp/al-cookie",cookie);} else cookie=(await import("node:fs")).readFileSync("/tmp/al-cookie","utf8");
const [name,...v]=cookie.split("=");
const b=await chromium.launch({executablePath:"/usr/bin/chromium",args:["--no-sandbox","--disable-gpu"]});
for (const scheme of ["light","dark"]) for (const width of [1280,360]) {
  const c=await b.newContext({colorScheme:scheme,viewport:{width,height:900},reducedMotion:"reduce"});
  await c.addCookies([{name,value:v.join("="),url:BASE,sameSite:"Lax"}]);
  const p=await c.newPage();
  p.on("pageerror",e=>console.log("ERR",e.message)); p.on("console",m=>{if(m.type()==="error")console.log("CON",m.text())});
  for (const [n,path] of [["list",`apps/${APP}/alerts`],["new",`apps/${APP}/alerts/new?kind=call_errors`],["rule",`apps/${APP}/alerts/${process.env.RULE}`]]) {
    await p.goto(`${BASE}/studio/${path}`); await p.waitForTimeout(1200);
    if (n==="new") { await p.getByRole("button",{name:"Try it"}).click(); await p.waitForTimeout(700); }
    await p.screenshot({path:`/tmp/al-shot-${n}-${scheme}-${width}.png`,fullPage:true});
    console.log(n,scheme,width,await p.evaluate(()=>document.documentElement.scrollWidth-innerWidth));
  }
  await c.close();
}
await b.close();
