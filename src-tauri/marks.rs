//! The tray's marks: four shapes, each drawn for the sizes that trays have. They are black; a dark
//! panel gets them in white, and macOS takes them as a template and colours them itself.

use pointsman_engine::view::Running;
use tauri::AppHandle;
use tauri::image::Image;

macro_rules! mark {
    ($name:literal) => {
        [
            (16, include_bytes!(concat!("../icons/tray/", $name, "-16.png")).as_slice()),
            (20, include_bytes!(concat!("../icons/tray/", $name, "-20.png")).as_slice()),
            (22, include_bytes!(concat!("../icons/tray/", $name, "-22.png")).as_slice()),
            (24, include_bytes!(concat!("../icons/tray/", $name, "-24.png")).as_slice()),
            (32, include_bytes!(concat!("../icons/tray/", $name, "-32.png")).as_slice()),
            (44, include_bytes!(concat!("../icons/tray/", $name, "-44.png")).as_slice()),
        ]
    };
}

/// One mark in all sizes, smallest first.
type Sizes = [(u32, &'static [u8]); 6];

static RUNNING: Sizes = mark!("running");
static ATTENTION: Sizes = mark!("attention");
static PAUSED: Sizes = mark!("paused");
static STOPPED: Sizes = mark!("error");

/// The mark of a state at a size, for a dark panel or a light one.
///
/// # Errors
/// Where the embedded picture cannot be read, which a test rules out.
pub(crate) fn image(state: Running, size: u32, dark: bool) -> tauri::Result<Image<'static>> {
    let sizes = match state {
        Running::Running => &RUNNING,
        Running::Attention => &ATTENTION,
        Running::Paused => &PAUSED,
        Running::Stopped => &STOPPED,
    };
    let (_, bytes) = sizes.iter().find(|(has, _)| *has >= size).unwrap_or(&sizes[sizes.len() - 1]);
    let black = Image::from_bytes(bytes)?;
    if !dark || cfg!(target_os = "macos") {
        return Ok(black);
    }
    let mut pixels = black.rgba().to_vec();
    for pixel in pixels.chunks_exact_mut(4) {
        pixel[..3].fill(255);
    }
    Ok(Image::new_owned(pixels, black.width(), black.height()))
}

/// The size a tray of this system draws at, for the scale of the first screen.
pub(crate) fn size(app: &AppHandle) -> u32 {
    let scale = app.primary_monitor().ok().flatten().map_or(1.0, |monitor| monitor.scale_factor());
    let of = |small: u32, medium: u32, large: u32| match scale {
        scale if scale < 1.2 => small,
        scale if scale < 1.6 => medium,
        _ => large,
    };
    if cfg!(windows) {
        of(16, 24, 32)
    } else if cfg!(target_os = "macos") {
        44
    } else {
        of(22, 32, 44)
    }
}

/// Whether the panel behind the icon is dark. Windows and most desktops of Linux do not say; where the
/// panel follows the theme of the programs that is asked, where it is known to be dark it is not.
pub(crate) fn panel_is_dark(app: &AppHandle) -> bool {
    // Desktops of Linux whose panel is dark whatever the theme of the programs is; elsewhere not set.
    const ALWAYS: &[&str] = &["gnome", "unity", "cinnamon", "pantheon"];
    let desktop = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default().to_lowercase();
    desktop.split(':').any(|part| ALWAYS.contains(&part)) || theme_is_dark(app)
}

/// Whether programs are to be dark.
#[cfg(target_os = "linux")]
pub(crate) fn theme_is_dark(app: &AppHandle) -> bool {
    use gtk::prelude::GtkSettingsExt;
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    // GTK may be asked on its own thread only. One that does not answer soon is taken for dark.
    let asked = app.run_on_main_thread(move || {
        let dark = gtk::Settings::default().is_none_or(|settings| {
            settings.is_gtk_application_prefer_dark_theme()
                || settings.gtk_theme_name().is_some_and(|name| name.to_lowercase().contains("dark"))
        });
        let _ = tell.send(dark);
    });
    asked.is_err() || told.recv_timeout(std::time::Duration::from_secs(1)).unwrap_or(true)
}

/// Whether programs are to be dark; only a window knows, and before the first one dark is assumed.
#[cfg(not(target_os = "linux"))]
pub(crate) fn theme_is_dark(app: &AppHandle) -> bool {
    use tauri::Manager;
    let theme = app.get_webview_window(crate::windows::MAIN).and_then(|window| window.theme().ok());
    theme != Some(tauri::Theme::Light)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [Running; 4] = [Running::Running, Running::Attention, Running::Paused, Running::Stopped];

    #[test]
    fn every_mark_is_there_at_every_size_in_both_colours_and_differs_in_shape() {
        for size in [16, 20, 22, 24, 32, 44] {
            let mut shapes: Vec<Vec<u8>> = Vec::new();
            for state in STATES {
                let black = image(state, size, false).unwrap();
                let white = image(state, size, true).unwrap();
                assert_eq!((black.width(), black.height()), (size, size));
                let shape: Vec<u8> = black.rgba().iter().skip(3).step_by(4).copied().collect();
                assert!(white.rgba().iter().skip(3).step_by(4).eq(&shape), "the colour changes, the shape does not");
                assert!(shape.iter().any(|alpha| *alpha > 200), "{state:?} at {size} is blank");
                assert!(!shapes.contains(&shape), "{state:?} at {size} looks like another state");
                shapes.push(shape);
            }
        }
    }

    #[test]
    fn a_size_between_two_takes_the_larger_and_none_is_too_large() {
        assert_eq!(image(Running::Running, 17, false).unwrap().width(), 20);
        assert_eq!(image(Running::Running, 200, false).unwrap().width(), 44);
    }
}
