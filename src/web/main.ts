import "./page/app.ts";
