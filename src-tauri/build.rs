//! Hands the Tauri configuration and the window capabilities to the build of the tray app.
//! The headless binary is built without the `gui` feature and needs none of it.

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    println!("cargo:rerun-if-changed=tauri.conf.json");
    #[cfg(feature = "gui")]
    gui();
}

#[cfg(feature = "gui")]
fn gui() {
    // The window is embedded: without it there is nothing to build, and Tauri's own message does not say how.
    println!("cargo:rerun-if-changed=ui/dist");
    if !std::path::Path::new("ui/dist/index.html").exists() {
        println!("cargo::error=The window is not built yet. Run: cd ui && npm ci && npm run build");
        return;
    }
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*.json")
        .app_manifest(tauri_build::AppManifest::new().commands(&["rpc"]));
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
