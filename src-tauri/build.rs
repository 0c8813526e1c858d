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
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*.json");
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo:warning={error:#}");
        std::process::exit(1);
    }
}
