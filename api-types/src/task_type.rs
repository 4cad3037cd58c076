//! Task types, and the domain of each: physical, digital or credential.

use crate::strings::string_enum;

string_enum! {
    /// The kind of work that a task asks for.
    #[derive(Hash)]
    pub enum TaskType {
        /// Check whether something is so.
        Verification = "VERIFICATION",
        /// Bring something somewhere.
        Delivery = "DELIVERY",
        /// Take photos of something.
        Photo = "PHOTO",
        /// Examine something thoroughly.
        Inspection = "INSPECTION",
        /// Solve a captcha.
        CaptchaSolving = "CAPTCHA_SOLVING",
        /// Fill in a form.
        FormFilling = "FORM_FILLING",
        /// Do something in a browser.
        BrowserInteraction = "BROWSER_INTERACTION" | "BROWSER_NAVIGATION",
        /// Judge some content.
        ContentReview = "CONTENT_REVIEW",
        /// Compare data with reality.
        DataValidation = "DATA_VALIDATION",
        /// Create an account and submit its credentials.
        AccountCreation = "ACCOUNT_CREATION",
        /// Obtain an API key and submit it.
        ApiKeyProcurement = "API_KEY_PROCUREMENT",
        /// Receive a code by phone and submit it.
        PhoneVerification = "PHONE_VERIFICATION",
        /// Set up a subscription and submit its credentials.
        SubscriptionSetup = "SUBSCRIPTION_SETUP",
    }
}

string_enum! {
    /// Where work of a type takes place.
    pub enum TaskDomain {
        /// The work is done at a place in the world.
        Physical = "PHYSICAL",
        /// The work is done on any device.
        Digital = "DIGITAL",
        /// The work is done on any device, and its result is a secret that only the agent can open.
        Credential = "CREDENTIAL",
    }
}
