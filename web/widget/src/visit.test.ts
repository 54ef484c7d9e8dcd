import { describe, expect, it } from "vitest";
import { type Place, visitOf } from "./visit.ts";

const config = {
  appId: "app_1",
  key: "wk_1",
  allowedOrigins: ["https://shop.example", "https://inner.example"],
};
const place: Place = {
  name: "/contact",
  referrer: "https://shop.example/",
  address: "https://calls.example/w/app_1?key=wk_1",
  ancestors: ["https://shop.example"],
  microphone: true,
};

describe("what a visit reports", () => {
  it("is the page that the loader names, and what the page lets through", () => {
    expect(visitOf(config, place)).toEqual({
      appId: "app_1",
      key: "wk_1",
      origin: "https://shop.example",
      path: "/contact",
      microphone: true,
      frames: 1,
      loader: true,
    });
  });

  it("is the path of the referrer where an iframe of the page's own has one, and else none", () => {
    const iframe = { ...place, name: "" };
    const path = (referrer: string) => visitOf(config, { ...iframe, referrer })?.path;
    expect(path("https://shop.example/help?token=1")).toBe("/help");
    expect(path("https://shop.example/")).toBeNull();
    expect(path("https://shop.example.evil/help")).toBeNull();
    expect(path("")).toBeNull();
    expect(visitOf(config, iframe)?.loader).toBe(false);
  });

  it("is nothing where the page is none of the allowed ones", () => {
    expect(visitOf(config, { ...place, ancestors: ["https://evil.example"] })).toBeNull();
    expect(visitOf(config, { ...place, ancestors: null, referrer: "" })).toBeNull();
  });

  it("counts the pages around it, where the browser tells", () => {
    const ancestors = ["https://inner.example", "https://shop.example"];
    expect(visitOf(config, { ...place, ancestors })).toMatchObject({
      origin: "https://inner.example",
      frames: 2,
    });
    expect(visitOf(config, { ...place, ancestors: null })).toMatchObject({ frames: null });
  });
});
